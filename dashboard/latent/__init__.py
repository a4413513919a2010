"""The parts of the Latent space page: choosing a drawing, making a new one, placing a new image."""
