"""Where the bytes of jobs are kept: a folder or S3-compatible storage."""
