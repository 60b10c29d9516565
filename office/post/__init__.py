"""The post: takes letters from the outbox, looks again, and gives them to the mail server.

`post` sends, `preparing` looks again, `digest` makes one letter of several, `ceilings` bounds how many leave,
`undelivered` says what follows when a letter does not arrive, `watch` sees when letters do not leave at all.
"""

from office.post.post import LETTER_WAITS as LETTER_WAITS
from office.post.post import SERVER_WAITS as SERVER_WAITS
from office.post.post import Post as Post
from office.post.post import wait_of as wait_of
