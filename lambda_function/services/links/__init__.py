"""The links in messages: whoever has one sees and changes what the message is about, without an account."""
