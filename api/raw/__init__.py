"""The short way: what is stored ready is answered as bytes, before any framework.

`app` stands in front of the application and hands on whatever it does not answer itself; `items`
answers features, also those that are searched for, `tiles` those tiles that were made before;
`answer` is what a handler gives, `encodings` compresses it once.
"""
