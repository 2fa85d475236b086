"""The online store of features: how a row is kept in Redis, for the job that writes it and the server that reads it."""

VIEW = "commodity_prices"
"""The one feature view there is: the stored features of the price model, by symbol."""
