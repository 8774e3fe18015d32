"""The only code that opens connections and starts processes; what to do with them is decided elsewhere."""
