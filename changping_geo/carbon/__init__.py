"""Carbon of forest, soil and urban green: stocks, growth, sink, and how far they are known."""
