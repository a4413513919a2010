"""Parts of the Sweep page: runs that differ in a few settings, as mean and spread over seeds."""
