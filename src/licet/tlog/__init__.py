"""The transparency log: its formats (C2SP), its proofs (RFC 6962), what verifies them, and the writer of a folder.

What verifies is apart from what writes, so that a program which must not trust the registry can carry the first alone:
`merkle`, `tile`, `note`, `checkpoint`, `cosignature`, `proof_file`, `entry`, `verify`. `store`, `writer` and
`signer` write; `fetch` and `witness` speak to others.
"""
