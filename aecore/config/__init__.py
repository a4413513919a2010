"""What is asked for: experiments and their sections, validated and frozen, and the one line about what is wrong."""
