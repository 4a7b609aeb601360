"""How long everything takes on the air: slot timing of EPC Gen2, derived from a mode's link.

Source: EPC UHF Gen2 Air Interface Protocol 2.0.1: PIE symbols, preambles and RTcal (6.3.1.2), FM0
and Miller preambles (6.3.1.3), T1 to T4 (table 6.16), lengths of the commands (6.3.2.12). Which
Tari and BLF stand behind the maker's table is not published for all modes: they are assumed as
said at `LINKS`; the rates follow from them and from the Q algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass

from retailsim.store.modes import MODES, ModeName

DELIMITER_S = 12.5e-6
DIVIDE_RATIO = 64 / 3
QUERY_BITS, QUERY_REP_BITS, QUERY_ADJUST_BITS, ACK_BITS, NAK_BITS = 22, 4, 9, 18, 8
RN16_BITS = 16
EPC_REPLY_BITS = 16 + 96 + 16  # PC, SGTIN-96, CRC
T2_CYCLES = 10  # of 3 to 20 periods of the subcarrier that a reader may take (assumed)
T3_CYCLES = 5  # after T1, to be sure that nobody answers (assumed)


@dataclass(frozen=True)
class Link:
    """Physical parameters of a mode.

    Attributes:
        cycles: subcarrier cycles per symbol of the reply, 1 is FM0.
        blf_hz: backscatter link frequency.
        tari_s: length of the reader's data-0.
        pie: length of data-1 in Tari, 1.5 to 2.
        pilot: whether tags send the long preamble (TRext).
    """

    cycles: int
    blf_hz: float
    tari_s: float
    pie: float
    pilot: bool

    @property
    def rtcal_s(self) -> float:
        """data-0 plus data-1."""
        return self.tari_s * (1 + self.pie)

    @property
    def trcal_s(self) -> float:
        """Tells tags the BLF."""
        return DIVIDE_RATIO / self.blf_hz

    @property
    def t1_s(self) -> float:
        """From a command's end to the reply."""
        return max(self.rtcal_s, 10 / self.blf_hz)

    def command_s(self, bits: int, *, preamble: bool = False) -> float:
        """Return the length of a command of so many bits, half of them ones."""
        head = DELIMITER_S + self.tari_s + self.rtcal_s + (self.trcal_s if preamble else 0.0)
        return head + bits * self.tari_s * (1 + self.pie) / 2

    def reply_s(self, bits: int) -> float:
        """Return the length of a tag's reply with preamble and the dummy bit at its end."""
        head = (6 if self.cycles == 1 else 10) + 12 * self.pilot
        return (head + bits + 1) * self.cycles / self.blf_hz


# Assumed within what Gen2 allows, and chosen so that the rates that follow agree with the maker's
# table: the fast modes share one link and differ in coding alone; M8 is a widespread reader's
# dense-reader mode, whose replies keep clear of the next channel's carrier.
LINKS: dict[ModeName, Link] = {
    "fm0": Link(MODES["fm0"].cycles, 250e3, 12.5e-6, 2.0, pilot=False),
    "m2": Link(MODES["m2"].cycles, 250e3, 12.5e-6, 2.0, pilot=False),
    "m4": Link(MODES["m4"].cycles, 250e3, 12.5e-6, 2.0, pilot=False),
    "m8": Link(MODES["m8"].cycles, 171e3, 20e-6, 2.0, pilot=True),
}


@dataclass(frozen=True)
class SlotTimes:
    """What a reader's actions take, in whole nanoseconds.

    A slot counts from the command that opens it, QueryRep, to the next command. `query_ns` and
    `adjust_ns` are what a slot takes more when Query or QueryAdjust opens it.

    Attributes:
        empty_ns: nobody answers.
        garbled_ns: RN16s collide, or one cannot be read.
        read_ns: RN16, ACK, EPC.
        refused_ns: the same with an EPC that fails its CRC, and NAK.
        query_ns, adjust_ns: see above.
    """

    empty_ns: int
    garbled_ns: int
    read_ns: int
    refused_ns: int
    query_ns: int
    adjust_ns: int

    @classmethod
    def of(cls, link: Link) -> SlotTimes:
        """Add up the parts of every kind of slot."""
        rep = link.command_s(QUERY_REP_BITS)
        t2 = T2_CYCLES / link.blf_hz
        # T4: commands without a reply in between start at least two RTcal apart.
        silence = max(link.t1_s + T3_CYCLES / link.blf_hz, 2 * link.rtcal_s)
        garbled = rep + link.t1_s + link.reply_s(RN16_BITS) + t2
        answer = link.command_s(ACK_BITS) + link.t1_s + link.reply_s(EPC_REPLY_BITS) + t2
        refusal = link.command_s(NAK_BITS) + 2 * link.rtcal_s
        return cls(
            empty_ns=_ns(rep + silence),
            garbled_ns=_ns(garbled),
            read_ns=_ns(garbled + answer),
            refused_ns=_ns(garbled + answer + refusal),
            query_ns=_ns(link.command_s(QUERY_BITS, preamble=True) - rep),
            adjust_ns=_ns(link.command_s(QUERY_ADJUST_BITS) - rep),
        )


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


SLOT_TIMES = {name: SlotTimes.of(link) for name, link in LINKS.items()}
