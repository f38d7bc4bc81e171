"""How good forecasts are: an archive of past elections, forecast again and scored."""
