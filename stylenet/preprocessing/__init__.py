"""From decoded pictures to what is optimized."""
