"""What survives kill -9: the whole distributed path under crashes."""
