"""What stands between browser and pages: who is at work in a session, signing in, and the doors of the server."""
