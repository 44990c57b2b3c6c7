"""What every extension needs: error handling, help, replies, dependencies."""
