"""Operations: logs, health, metrics, the folder lock, background tasks and retries."""
