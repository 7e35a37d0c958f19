"""Letters to requesters: what they say, in which state each is, when it is tried again. The process `channels` sends them."""
