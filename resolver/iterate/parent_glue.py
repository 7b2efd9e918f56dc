"""Which addresses does the zone above give for a name server? Asked when what its own zone says of it leads nowhere.

Glue is displaced by the zone's own word (RFC 2181 §5.4.1), rightly. But a zone whose servers have moved may say an address
that is dead while its parent knows the living one, and everything that depends on it is dead with it.
"""

from cache.answer import Question
from cache.names import WireName
from cache.rrtypes import A
from resolver.env import Address
from resolver.errors import CachedFailure, InvalidData, NetworkError, NoReachableAuthority
from resolver.iterate.asking import Means, ZoneServers
from resolver.iterate.budget import Budget
from resolver.iterate.classify import Referred
from resolver.iterate.delegation import Delegation


async def find_glue_above(
    means: Means, above: Delegation, name: WireName, waiting: Question, budget: Budget
) -> list[Address]:
    """The addresses of `name` in a referral from `above` to its zone; [] when there is none. Nothing is kept.

    waiting: the question that needs them. Raises WorkExhausted and DeadlinePassed.
    """
    means.counts.parent_glue_lookups += 1
    budget.spend_name()
    question = Question(name, A)
    try:
        servers = ZoneServers(means, above, question, budget.sub(waiting), frozenset())
        heard = await servers.ask(question, gives_up_early=False)
    except (CachedFailure, InvalidData, NetworkError, NoReachableAuthority):
        return []
    if heard is None or not isinstance(heard.told, Referred):
        return []
    return means.book.addresses_in(heard.scrubbed.glue, name)
