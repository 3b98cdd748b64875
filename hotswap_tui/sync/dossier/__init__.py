"""What was written on the secondary since traffic was moved there, and what a failback would lose."""
