"""What the plugin is tried by: small models with weights by chance, in the very formats that its loaders take."""

from __future__ import annotations

from zoo.plugin import Case, Lesson, Target

__all__ = ["cases"]


def cases() -> list[Case]:
    """One model for each loader and task, and more where a loader takes several forms."""
    from zoo_speech.conformance.hearing import make_spectrogram, make_teller, make_writer
    from zoo_speech.conformance.numbers import buzz
    from zoo_speech.conformance.packaged import make_known_voices, make_silero, make_voice, make_voices
    from zoo_speech.conformance.speaking import make_speecht5, make_vits
    from zoo_speech.conformance.whisper import make_whisper

    heard = (buzz(90), buzz(140, 310), buzz(230, 120, 230))
    pairs = tuple((one, [*heard]) for one in heard)
    texts = ("Hello world.", "The cat sat on the mat.", "Hello cat!")
    said, told, spoken = "automatic-speech-recognition", "audio-classification", "text-to-speech"
    return [
        Case(task=said, make=make_whisper, inputs=heard, golden="golden/whisper-said.json", lesson=_dictation),
        Case(task=told, make=make_whisper, inputs=heard, golden="golden/whisper-told.json"),
        Case(task=said, make=make_writer, inputs=heard),
        Case(task=told, make=make_teller, inputs=heard, golden="golden/wav2vec2.json"),
        Case(task=told, make=make_spectrogram, inputs=heard, golden="golden/spectrogram.json"),
        Case(task=spoken, make=make_vits, inputs=texts),
        Case(task=spoken, make=make_speecht5, inputs=texts),
        Case(task=spoken, make=make_voice, inputs=texts),
        Case(task="voice-activity-detection", make=make_silero, inputs=heard, golden="golden/silero.json"),
        Case(task="audio-feature-extraction", make=make_voices, inputs=heard),
        Case(task="speaker-diarization", make=make_voices, inputs=heard, golden="golden/speakers.json"),
        Case(task="speaker-verification", make=make_voices, inputs=pairs, golden="golden/same-voices.json"),
        Case(task=told, make=make_known_voices, inputs=heard, golden="golden/known-voices.json"),
        # Nobody keeps these two any more: whoever asks for them is told what to take.
        Case(task=said, model="deepspeech"),
        Case(task=spoken, model="wavenet"),
    ]


def _dictation() -> Lesson:
    """Texts of the letters that the tiny Whisper knows."""
    from zoo_speech.conformance.numbers import buzz

    examples = [(buzz(100), "ab cd"), (buzz(170), "cc ba"), (buzz(260), "dab")]
    return Lesson(target=Target(kind="transcript"), examples=examples)
