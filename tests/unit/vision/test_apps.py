"""Which application is which, and which windows are never looked at: the shipped lists against what systems say."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alisa_desktop.core.sight import AppKind
from alisa_desktop.vision.apps import NAME_LENGTH, Apps, BlockList, Wildcard, plain

LISTS = Path(__file__).resolve().parents[3] / "resources" / "vision"
APPS = Apps.load(LISTS / "apps.txt")
BLOCKED = BlockList.load(LISTS / "blocked.txt")


# Applications


@pytest.mark.parametrize(
    ("app", "name", "kind"),
    [
        ("code", "Visual Studio Code", AppKind.CODE),
        ("Code.exe", "Visual Studio Code", AppKind.CODE),
        ("code - oss", "Visual Studio Code", AppKind.CODE),
        ("jetbrains-pycharm-ce", "PyCharm", AppKind.CODE),
        ("idea64.exe", "IntelliJ IDEA", AppKind.CODE),
        ("WindowsTerminal.exe", "Windows Terminal", AppKind.TERMINAL),
        ("gnome-terminal-server", "GNOME Terminal", AppKind.TERMINAL),
        ("gnome-terminal-", "GNOME Terminal", AppKind.TERMINAL),
        ("XTerm", "XTerm", AppKind.TERMINAL),
        ("Navigator", "Firefox", AppKind.BROWSER),
        ("firefox-esr", "Firefox", AppKind.BROWSER),
        ("/Applications/Google Chrome.app", "Google Chrome", AppKind.BROWSER),
        (r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", "Microsoft Edge", AppKind.BROWSER),
        (".firefox-wrapped", "Firefox", AppKind.BROWSER),
        ("vlc", "VLC", AppKind.VIDEO),
        ("Spotify", "Spotify", AppKind.MUSIC),
        ("steam_app_1091500", "a game", AppKind.GAME),
        ("Minecraft 1.21.4", "Minecraft", AppKind.GAME),
        ("soffice.bin", "LibreOffice", AppKind.DOCUMENT),
        ("libreoffice-writer", "LibreOffice Writer", AppKind.DOCUMENT),
        ("WINWORD.EXE", "Microsoft Word", AppKind.DOCUMENT),
        ("TelegramDesktop", "Telegram", AppKind.CHAT),
        ("org.telegram.desktop", "Telegram", AppKind.CHAT),
        ("ms-teams.exe", "Microsoft Teams", AppKind.CHAT),
        ("explorer.exe", "File Explorer", AppKind.FILES),
        ("org.gnome.Nautilus", "Files", AppKind.FILES),
        ("Finder", "Finder", AppKind.FILES),
        ("gimp-2.10", "GIMP", AppKind.PICTURES),
        ("SystemSettings.exe", "Settings", AppKind.OTHER),
        ("com.microsoft.VSCode", "Visual Studio Code", AppKind.CODE),
        ("com.spotify.client", "Spotify", AppKind.MUSIC),
        ("ｆｉｒｅｆｏｘ", "Firefox", AppKind.BROWSER),
    ],
)
def test_well_known_programs(app: str, name: str, kind: AppKind) -> None:
    assert (APPS.name_of(app), APPS.kind_of(app, "a title")) == (name, kind)


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("my-cool_app", "My cool app"),
        ("SomeThing.exe", "SomeThing"),
        ("org.example.Frobnicator", "Frobnicator"),
        ("/opt/acme/bin/acme-planner", "Acme planner"),
        ("a\u202eb\x00\nc", "Ab c"),
        ("", "an application"),
        ("---", "an application"),
        ("\u200b", "an application"),
        ("x" * 500, "X" + "x" * (NAME_LENGTH - 1)),
    ],
)
def test_an_unknown_program_keeps_its_own_name(app: str, name: str) -> None:
    assert APPS.name_of(app) == name
    assert APPS.kind_of(app, "YouTube") is AppKind.OTHER


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Lo-fi beats - YouTube — Mozilla Firefox", AppKind.VIDEO),
        ("(12) Lo-fi beats - YouTube - Google Chrome", AppKind.VIDEO),
        ("Netflix - Google Chrome", AppKind.VIDEO),
        ("shroud - Twitch and 3 more pages - Personal - Microsoft​ Edge", AppKind.BROWSER),
        ("shroud - Twitch — Mozilla Firefox", AppKind.VIDEO),
        ("Prime Video: The Expanse - Google Chrome", AppKind.VIDEO),
        ("Inbox (3) - ada@gmail.com - Gmail - Google Chrome", AppKind.CHAT),
        ("(4) WhatsApp — Mozilla Firefox", AppKind.CHAT),
        ("• Discord | #general | Rust - Chromium", AppKind.CHAT),
        ("Discord | #general | Rust - Chromium", AppKind.CHAT),
        ("general (Channel) - Team - Slack", AppKind.CHAT),
        ("Thesis - Google Docs — Mozilla Firefox", AppKind.DOCUMENT),
        ("Budget - Google Sheets", AppKind.DOCUMENT),
        ("paper.pdf - Google Chrome", AppKind.DOCUMENT),
        ("Song - YouTube Music", AppKind.MUSIC),
        ("Pull requests · GitHub — Mozilla Firefox", AppKind.BROWSER),
        ("youtube - Google Search - Google Chrome", AppKind.BROWSER),
        ("How to embed YouTube videos - Stack Overflow", AppKind.BROWSER),
        ("Netflix - Wikipedia", AppKind.DOCUMENT),
        ("The end of Netflix?", AppKind.BROWSER),
        ("", AppKind.BROWSER),
    ],
)
def test_a_browser_is_what_it_shows(title: str, kind: AppKind) -> None:
    assert APPS.kind_of("firefox", title) is kind


def test_a_title_tells_nothing_of_other_programs() -> None:
    assert APPS.kind_of("code", "youtube.py - YouTube") is AppKind.CODE


def test_the_list_is_long_and_says_nothing_twice() -> None:
    lines = (LISTS / "apps.txt").read_text(encoding="utf-8").splitlines()
    programs = [
        plain(part) for line in lines if " = " in line and line[0] != "#" for part in line.split(" = ")[0].split(",")
    ]
    assert len({app.name for app in APPS.exact.values()}) >= 150
    assert {app.kind for app in APPS.exact.values()} == set(AppKind)
    assert sorted(program for program in set(programs) if programs.count(program) > 1) == []


@pytest.mark.parametrize("text", ["a = A", "[nonsense]\na = A", "[code]\njust a line", "[code]\na = ", "[code titles"])
def test_a_broken_list_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"kind|name"):
        Apps.parse(text)


def test_without_a_star_wins_then_the_first() -> None:
    apps = Apps.parse("[code]\nab* = Similar\n[chat]\nabc = Exact\na* = Late\nabc = Twice")
    assert [apps.name_of(app) for app in ("abc", "abd", "aa", "b")] == ["Exact", "Similar", "Late", "B"]


# What is never looked at


@pytest.mark.parametrize(
    "app",
    [
        "1Password", "1password.exe", "Bitwarden", "bitwarden-desktop", "KeePass", "keepassxc", "KeePass2.exe",
        "org.keepassxc.KeePassXC", "Dashlane", "LastPass", "Enpass", "Proton Pass", "ProtonPass.exe", "NordPass",
        "seahorse", "org.gnome.seahorse.Application", "Passwords and Keys", "gnome-keyring-daemon", "kwalletmanager5",
        "Keychain Access", "com.apple.Passwords", "com.agilebits.onepassword7", "consent.exe", "Windows Security",
        "LogonUI.exe", "LockApp.exe", "CredentialUIBroker.exe", "polkit-gnome-authentication-agent-1",
        "pinentry-gtk-2", "pinentry", "gcr-prompter", "ssh-askpass", "kdesu", "Authy Desktop", "Exodus", "electrum",
        "Electrum-4.5.exe", "Ledger Live", "Trezor Suite", "Tor Browser", "i3lock", "xscreensaver", "swaylock",
        "gnome-screensaver-dialog", "kscreenlocker_greet", "/usr/libexec/polkit-mate-authentication-agent-1",
        "Key\u200bPass\u00adXC".replace("Key", "Kee"), "GnuCash",
    ],
)  # fmt: skip
def test_programs_with_secrets(app: str) -> None:
    assert BLOCKED.why(app, "Untitled")


@pytest.mark.parametrize(
    "title",
    [
        "Mozilla Firefox Private Browsing", "News — Mozilla Firefox (Private Browsing)", "News — [InPrivate] - Edge",
        "New Tab - Google Chrome (Incognito)", "Neuer Tab - Google Chrome (Inkognito)",
        "InPrivate-Browsen – Microsoft Edge", "News — Mozilla Firefox Privater Modus",
        "Nouvelles — Navigation privée de Mozilla Firefox", "Noticias — Navegación privada de Mozilla Firefox",
        "Notizie — Navigazione anonima di Mozilla Firefox", "Notizie - Google Chrome (In incognito)",
        "Nueva pestaña - Modo incógnito", "Notícias — Navegação privativa",
        "Новости — Приватный просмотр — Mozilla Firefox", "Новости - Google Chrome (Инкогнито)",
        "ニュース — Mozilla Firefox プライベートブラウジング", "新しいタブ - Google Chrome（シークレット）",
        "新标签页 - 无痕模式",
        "新闻 — Mozilla Firefox 隐私浏览", "뉴스 — 사생활 보호 모드", "Haberler — Gizli gezinti",
        "Nieuws — privénavigatie",
        "DuckDuckGo - Opera (Private)", "DuckDuckGo - Brave (Private with Tor)",
        "Online Banking - Sparkasse Musterstadt", "onlinebanking.example", "PayPal: Wallet", "Wells Fargo - Sign On",
        "Chase Bank", "Sberbank — СберБанк Онлайн", "Crédit Agricole - Accès", "BBVA", "Rabobank", "三井住友銀行",
        "Volksbank Rhein-Neckar eG", "Add a credit card", "Kreditkartenabrechnung.pdf", "My IBAN",
        "Brokerage account", "Change your password", "PASSWORD", "passwort ändern", "Passwörter",
        "Mot de passe oublié ?", "Cambiar contraseña", "Alterar senha", "Сменить пароль", "パスワードを変更",
        "修改密码",
        "비밀번호를 변경", "ｐａｓｓｗｏｒｄ", "pass\u200bword", "pass\u00adword", "pass\u2060wo\ufeffrd",
        "pass\x07word",
        "p\u0337assword", "mot  de\u00a0passe", "Contrasen\u0303a", "Şİfre", "my_password.txt",
        "passwords.csv - Notepad", "password-list", "Two-factor authentication", "2FA setup", "Your one-time code",
        "Recovery phrase", "Write down your seed phrase", "private key.pem", "~/.ssh/id_rsa - vim",
        "MyChart - Test Results", "密 码", "Windows Security", "x" * 5_000 + " - Google Chrome (Incognito)",
    ],
)  # fmt: skip
def test_titles_with_secrets(title: str) -> None:
    assert BLOCKED.why("firefox", title)


@pytest.mark.parametrize(
    ("app", "title"),
    [
        ("code", "riverbank.py - project - Visual Studio Code"),
        ("code", "databank_test.py"),
        ("code", "bankruptcy.md"),
        ("code", "iterator.py - private_method"),
        ("firefox", "River bank - Wikipedia — Mozilla Firefox"),
        ("firefox", "Food bank near me"),
        ("firefox", "Power bank 20000 mAh"),
        ("firefox", "Saving Private Ryan - Netflix"),
        ("firefox", "Bring! Shopping list"),
        ("firefox", "Home Depot"),
        ("firefox", "How to chase a dream"),
        ("firefox", "Drum and bass (DnB) mix - YouTube"),
        ("firefox", "Wise words of the day"),
        ("firefox", "Leather wallet, brown"),
        ("firefox", "Privatsphäre und Datenschutz"),
        ("firefox", "The keyboard and the key"),
        ("firefox", "Elster (Vogel) – Wikipedia"),
        ("firefox", "東京の天気 - Google 検索"),
        ("firefox", "天气预报"),
        ("firefox", "오늘의 날씨"),
        ("chrome", "New Tab - Google Chrome"),
        ("msedge", "Start - Personal - Microsoft Edge"),
        ("featherpad", "notes.txt"),
        ("torrent-client", "Downloads"),
        ("passenger-lists", "Trains"),
        ("steam_app_400", "Portal"),
        ("", ""),
    ],
)
def test_everyday_windows(app: str, title: str) -> None:
    assert BLOCKED.why(app, title) == ""


@pytest.mark.parametrize(
    ("own", "app", "title"),
    [
        ("diary", "gedit", "My Diary.txt"),
        ("work, diary ,", "gedit", "DIARY"),
        ("Discord", "discord.exe", "#general"),
        ("steam", "steam_app_400", "Portal"),
        ("dr. müller", "thunderbird", "Termin bei Dr Muller"),
        ("bank*", "gedit", "Banken im Vergleich"),
        ("*bank*", "code", "riverbank.py"),
        ("love letter*", "gedit", "my love letters"),
        ("gnome-terminal*", "gnome-terminal-server", "~"),
        ("日記", "gedit", "私の日記.txt"),
        ("diary；x,ada@example.com", "thunderbird", "To: ada@example.com"),
        ("＊bank＊", "code", "riverbank.py"),
        ("*", "anything", "at all"),
    ],
)
def test_the_users_own_words(own: str, app: str, title: str) -> None:
    assert BlockList.parse("", own).why(app, title)


@pytest.mark.parametrize(
    ("own", "app", "title"),
    [
        ("", "gedit", "diary"),
        (" , ,,", "gedit", "diary"),
        ("!!!", "gedit", "diary!!!"),
        ("diary", "gedit", "diaryland"),
        ("love letter", "gedit", "letter of love"),
        ("bank", "/home/bank/firefox", "News"),
    ],
)
def test_other_windows_than_the_users_words(own: str, app: str, title: str) -> None:
    assert BlockList.parse("", own).why(app, title) == ""


def test_the_users_words_are_sought_in_the_name_for_people() -> None:
    rules = BlockList.parse("", "Microsoft Word, telegram")
    for app in ("WINWORD.EXE", "TelegramDesktop"):
        assert rules.why(app, "A title") == ""
        assert rules.why(app, "A title", APPS.name_of(app))
    assert rules.why("gedit", "A title", "Text Editor") == ""


def test_the_rule_is_told_as_it_is_written() -> None:
    rules = BlockList.parse("[applications]\nKeePass*\n[titles]\nMot de Passe, b*d\n# no, rule", " My Diary , other")
    assert rules.why("keepassxc", "my diary") == "My Diary"
    assert rules.why("keepassxc", "") == "KeePass*"
    assert rules.why("x", "le MOT-DE-PASSE") == "Mot de Passe"
    assert rules.why("x", "so bad") == "b*d"
    assert rules.why("x", "no") == ""


def test_a_rule_outside_of_the_sections_is_named() -> None:
    with pytest.raises(ValueError, match="keepass"):
        BlockList.parse("keepass")


def test_every_shipped_rule_works() -> None:
    for phrase in BLOCKED.titles:
        assert BLOCKED.why("x", f"before – {phrase.rule.replace('*', 'x')} | after"), phrase.rule
    for rule, _ in BLOCKED.programs:
        assert BLOCKED.why(rule.replace("*", "x"), ""), rule


def test_no_rule_stands_there_twice() -> None:
    rules = [phrase.rule for phrase in BLOCKED.titles]
    programs = [rule for rule, _ in BLOCKED.programs]
    assert sorted({rule for rule in rules if rules.count(rule) > 1}) == []
    assert sorted({rule for rule in programs if programs.count(rule) > 1}) == []


AROUND = st.text(alphabet=st.characters(categories=["P", "S", "Z"]), max_size=30)
UNSEEN = st.text(alphabet="\u200b\u200c\u200d\u00ad\u2060\ufeff\u202e\u2066\u034f\u3164\ufe0f\x00\x1b", max_size=3)
RULES = st.sampled_from([phrase.rule for phrase in BLOCKED.titles if "*" not in phrase.rule])


@settings(max_examples=300)
@given(AROUND, RULES, AROUND, UNSEEN, st.integers(0, 20))
def test_nothing_unseen_hides_a_rule(before: str, rule: str, after: str, unseen: str, at: int) -> None:
    hidden = rule[:at] + unseen + rule[at:]
    assert BLOCKED.why("x", f"{before} {hidden.upper()} {after}") or BLOCKED.why("x", f"{before} {hidden} {after}")


@settings(max_examples=300)
@given(st.text(max_size=60), st.text(max_size=200), st.text(max_size=60))
@example("\ud800", "\ud800 lone", "\udfff*")
@example("*" * 50, "*" * 200, "*a" * 20)
@example("İ", "ŉΐﷺ\u0345", "ﬃ")
def test_any_text_gets_an_answer(app: str, title: str, own: str) -> None:
    assert isinstance(BlockList.parse("", own).why(app, title), str)
    assert isinstance(BLOCKED.why(app, title), str)
    assert isinstance(APPS.kind_of(app, title), AppKind)
    assert 0 < len(APPS.name_of(app)) <= NAME_LENGTH
    assert APPS.name_of(app).isprintable() or not app.isprintable()


@settings(max_examples=500)
@given(st.text(max_size=100))
@example("ŉΐﷺİ\u0345ẞ")
def test_plain_is_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@settings(max_examples=500)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_a_wildcard_matches_what_it_should(pattern: str, text: str) -> None:
    def slowly(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return slowly(pattern[1:], text) or bool(text and slowly(pattern, text[1:]))
        return bool(text) and pattern[0] == text[0] and slowly(pattern[1:], text[1:])

    assert Wildcard.of(pattern).matches(text) == slowly(pattern, text)


@pytest.mark.parametrize(
    "title",
    [
        "a" * 500,
        "a " * 250,
        "(1) " * 125,
        " - " * 160,
        "online " * 70,
        "密" * 500,
        "\u0301" * 500,
        "\u200b" * 500,
        "ﷺ" * 500,
        "a" * 1_000_000,
        "\u0301" * 1_000_000,
        "/" * 1_000_000,
        "a.b." * 250_000,
    ],
    ids=lambda title: f"{title[:4]!a} {len(title)}",
)
def test_hostile_titles_take_no_time(title: str) -> None:
    own = BlockList.parse("", "*a*a*a*a*a*a*a*a*b, *密*密*密*密*b, a* a* a* a* b")
    start = time.process_time()
    for _ in range(3):
        BLOCKED.why(title, title)
        own.why(title, title)
        APPS.kind_of("firefox", title)
        APPS.name_of(title)
    assert time.process_time() - start < 1.0
