"""`make bench-hostile`: what one machine that means harm does to another's waiting, beside unbound."""
