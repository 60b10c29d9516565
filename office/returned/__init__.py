"""What comes back: returned letters, automatic replies, and people who reply to the sender's mailbox.

Only a Message-ID of ours makes a mail count, and it is 128 random bits that nobody knows but the recipient, the mail
systems on the way and us: a forged report of a stranger changes nothing, so that no special return addresses are
needed. Nothing is ever sent to whoever a mail comes from, so that no loop of mails can begin here.
"""
