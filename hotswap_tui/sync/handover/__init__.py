"""What a switch does about the data: catching up, and sequences."""
