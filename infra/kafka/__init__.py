"""Files of the local Kafka broker that services/broker.py runs; a package only so that they are installed."""
