"""The one door between the windows and Alisa: bus events become Qt signals, and windows' wishes leave as signals.

Windows know the bridge and nothing behind it. Signals in the past tense come from Alisa; those that end in
`_requested`, `_edited` or `submitted` are wishes of the user, which `app` connects to the engine. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from alisa_desktop.conversation.commands import Refused, Submission
from alisa_desktop.core import events
from alisa_desktop.core.brains import Brain, BrainUse, Fetch, FoundServer, Offer
from alisa_desktop.core.events import Event
from alisa_desktop.core.messages import ConnectedClient, ModelState, ModelStatus
from alisa_desktop.core.sight import EyesStatus
from alisa_desktop.core.updates import Update


class Bridge(QObject):
    """Signals both ways. The attributes hold the latest state, for windows that open later."""

    # from Alisa
    user_spoke = Signal(object)  # events.UserSpoke
    emotion_changed = Signal(object)  # events.EmotionChanged
    reply_text = Signal(object)  # events.ReplyText
    reply_finished = Signal(object)  # events.ReplyFinished
    remarked = Signal(object)  # events.Remarked
    mode_changed = Signal(str)  # the mode's name
    model_changed = Signal(object)  # ModelStatus
    speech_started = Signal()
    speech_ended = Signal()
    notice_raised = Signal(str)  # one sentence
    trouble_told = Signal(str)  # one sentence: something went wrong inside of her, and there is a `report`
    settings_changed = Signal(object)  # Settings
    endpoint_changed = Signal(str)  # ws:// address, empty when off; also when only the trouble with it changed
    clients_changed = Signal(object)  # tuple[ConnectedClient, ...], oldest first
    modes_changed = Signal()
    today_loaded = Signal(object)  # list[Turn], oldest first: what the bubble can scroll back through
    history_changed = Signal()
    days_loaded = Signal(object)  # list[tuple[date, int]]: local day and number of turns, newest first
    turns_loaded = Signal(object)  # list[Turn], oldest first: the answer to a day or a search request
    eyes_changed = Signal(object)  # EyesStatus
    ledger_changed = Signal()
    looks_loaded = Signal(object)  # list[Look], newest first
    offers_loaded = Signal(object)  # tuple[Offer, ...], best first
    machine_told = Signal(str)  # one line about this machine
    fetches_changed = Signal(object)  # tuple[Fetch, ...]
    brains_loaded = Signal(object)  # tuple[Brain, ...]: ours and those linked
    brain_changed = Signal(str)  # id of the present one, empty for the starter brain
    found_loaded = Signal(object)  # tuple[Brain, ...] of other programs
    use_told = Signal(object)  # BrainUse
    servers_found = Signal(object)  # tuple[FoundServer, ...]
    checkup_told = Signal(object)  # Checkup: how far the one under way is
    autostart_told = Signal(bool, str)  # whether the system starts her at the log-in, and why that could not be changed
    update_told = Signal(object)  # Update

    # from the user
    submitted = Signal(str)
    stop_requested = Signal()
    regenerate_requested = Signal()
    mode_requested = Signal(str)
    settings_edited = Signal(object)  # a whole new Settings
    days_requested = Signal()
    day_requested = Signal(object)  # date
    search_requested = Signal(str)
    delete_turn_requested = Signal(str)  # turn id
    delete_all_requested = Signal()
    look_requested = Signal(str)  # words to say with the look, may be empty
    consent_requested = Signal(object)  # Consent, after what it means was explained
    pause_requested = Signal(bool)  # True: shut her eyes for an hour; False: open them again now
    looks_requested = Signal()
    delete_look_requested = Signal(str)  # look id
    forget_hour_requested = Signal()  # the looks of the last hour
    forget_looks_requested = Signal()  # all looks
    disconnect_requested = Signal(str)  # `name` of a ConnectedClient
    offers_requested = Signal()
    fetch_requested = Signal(str)  # id of an Offer; the same for the four that follow
    fetch_pause_requested = Signal(str)
    fetch_resume_requested = Signal(str)
    fetch_cancel_requested = Signal(str)
    brains_requested = Signal()
    scan_requested = Signal()  # look for models of other programs
    import_requested = Signal(str)  # path of a GGUF file
    use_brain_requested = Signal(str)  # id of a Brain, empty for the starter brain
    remove_brain_requested = Signal(str)  # id of a Brain
    unload_requested = Signal()
    use_requested = Signal()
    typing_began = Signal()  # words are coming: a resting model may wake up
    servers_requested = Signal()
    use_server_requested = Signal(str, str)  # address, model
    log_requested = Signal()
    folder_requested = Signal()  # show the profile
    checkup_requested = Signal()
    checkup_stopped = Signal()
    autostart_asked = Signal()  # how it is may have changed elsewhere
    autostart_requested = Signal(bool)
    update_requested = Signal()  # ask now whether there is a newer version
    welcome_seen = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.modes: list[tuple[str, str, str]] = []
        """Name, title and description of every mode, in menu order."""
        self.mode = "default"
        self.model = ModelStatus(ModelState.LOADING, "")
        self.endpoint = ""
        """Where overlays connect; empty when nowhere."""
        self.endpoint_trouble = ""
        """One sentence: why it is another port than wished, or, without `endpoint`, why it can't be served at all."""
        self.clients: tuple[ConnectedClient, ...] = ()
        """Who is connected there, oldest first."""
        self.eyes = EyesStatus()
        self.offers: tuple[Offer, ...] = ()
        """Models of the catalog, best for this machine first; empty while they are worked out."""
        self.machine = ""
        """One line about this machine."""
        self.fetches: tuple[Fetch, ...] = ()
        self.brains: tuple[Brain, ...] = ()
        """Models that are here: Alisa's own and the linked ones."""
        self.brain = ""
        """Id of the present one; empty for the starter brain."""
        self.found: tuple[Brain, ...] = ()
        """Models of other programs, after a scan."""
        self.use = BrainUse()
        self.servers: tuple[FoundServer, ...] = ()
        """Servers of models on this machine, after a search."""
        self.report: Callable[[], str] = str
        """What went wrong so far, without names and talk, to be copied."""
        self.autostart = False
        """Whether the system starts her at the log-in, as far as it was asked."""
        self.update = Update()
        """Whether there is a newer version, as far as it was asked."""
        self.checkup_wanted = False
        """Whether somebody waits for a check-up, maybe since before there was anybody to do one."""
        self.speaking_turn = ""
        """Id of the turn whose reply is under way, empty when she is silent."""

    def deliver(self, event: Event) -> None:
        """Subscriber of the event bus: turn `event` into the signal of its kind."""
        match event:
            case events.UserSpoke():
                self.speaking_turn = event.turn
                self.user_spoke.emit(event)
            case events.EmotionChanged():
                self.emotion_changed.emit(event)
            case events.ReplyText():
                self.reply_text.emit(event)
            case events.ReplyFinished():
                self.speaking_turn = ""
                self.reply_finished.emit(event)
            case events.Remarked():
                self.remarked.emit(event)
            case events.ModeChanged():
                self.mode = event.mode
                self.mode_changed.emit(event.mode)
            case events.ModelChanged():
                self.model = event.status
                self.model_changed.emit(event.status)
            case events.SpeechStarted():
                self.speech_started.emit()
            case events.SpeechEnded():
                self.speech_ended.emit()
            case events.ClientsChanged():
                self.clients = event.clients
                self.clients_changed.emit(event.clients)
            case events.NoticeRaised():
                self.notice_raised.emit(event.text)
            case events.HistoryChanged():
                self.history_changed.emit()
            case events.EyesChanged():
                self.eyes = event.status
                self.eyes_changed.emit(event.status)
            case events.LedgerChanged():
                self.ledger_changed.emit()
            case events.FetchesChanged():
                self.show_fetches(event.fetches)
            case events.BrainsChanged():
                self.brains_requested.emit()

    def answer(self, submission: Submission) -> None:
        """Tell the windows what became of submitted words; to be called while `submitted` is emitted."""
        if isinstance(submission, Refused):
            self.notice_raised.emit(submission.sentence)

    def show_endpoint(self, address: str, trouble: str = "") -> None:
        """Tell the windows where overlays connect now, empty when nowhere; `trouble` says why, if not as wished."""
        if (address, trouble) != (self.endpoint, self.endpoint_trouble):
            self.endpoint, self.endpoint_trouble = address, trouble
            self.endpoint_changed.emit(address)

    def show_offers(self, offers: tuple[Offer, ...], machine: str) -> None:
        """Tell the windows what there is to download, best first, and for which machine that was worked out."""
        self.offers, self.machine = offers, machine
        self.machine_told.emit(machine)
        self.offers_loaded.emit(offers)

    def show_fetches(self, fetches: tuple[Fetch, ...]) -> None:
        """Tell the windows how the downloads stand."""
        self.fetches = fetches
        self.fetches_changed.emit(fetches)

    def show_brains(self, brains: tuple[Brain, ...], present: str) -> None:
        """Tell the windows which models are here and the id of the present one, empty for the starter brain."""
        changed = present != self.brain
        self.brains, self.brain = brains, present
        self.brains_loaded.emit(brains)
        if changed:
            self.brain_changed.emit(present)

    def show_found(self, found: tuple[Brain, ...]) -> None:
        """Tell the windows which models other programs keep here."""
        self.found = found
        self.found_loaded.emit(found)

    def show_servers(self, servers: tuple[FoundServer, ...]) -> None:
        """Tell the windows which servers of models run on this machine."""
        self.servers = servers
        self.servers_found.emit(servers)

    def show_autostart(self, on: bool, trouble: str = "") -> None:
        """Tell the windows whether the system starts her at the log-in; `trouble` says why it is not as wished."""
        self.autostart = on
        self.autostart_told.emit(on, trouble)

    def show_update(self, update: Update) -> None:
        """Tell the windows whether there is a newer version."""
        self.update = update
        self.update_told.emit(update)

    def show_use(self, use: BrainUse) -> None:
        """Tell the windows how the present model does."""
        self.use = use
        self.use_told.emit(use)

    def want_checkup(self, wanted: bool) -> None:
        """Ask for a check-up, or be content with what is known."""
        self.checkup_wanted = wanted
        (self.checkup_requested if wanted else self.checkup_stopped).emit()

    def show_modes(self, modes: list[tuple[str, str, str]], current: str) -> None:
        """Tell the windows which modes there are."""
        self.modes = modes
        self.mode = current
        self.modes_changed.emit()
