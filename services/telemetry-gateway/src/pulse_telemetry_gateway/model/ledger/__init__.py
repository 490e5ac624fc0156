"""What is settled of each epoch, and what a group commit takes and returns."""
