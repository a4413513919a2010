"""Parts of the Latent space page: choosing a projection, computing a new one, projecting a new image."""
