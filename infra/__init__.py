"""What runs beside pmo: a local Kafka broker's files, and a compose file for those who have Docker."""
