"""What a picture is compared by: content, style and total variation."""
