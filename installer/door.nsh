; Nobody is replaced while she runs: she is asked to quit by her own door, and her files are looked at after.

!macro Door UN

; Whether one of her programs is in use; leaves $0 at 1 or 0.
Function ${UN}IsHeld
  StrCpy $0 0
  !insertmacro Probe "$INSTDIR\${EXE}"
  !insertmacro Probe "$INSTDIR\alisa-desktop-cli.exe"
FunctionEnd

; Asks her to quit and waits for it; $Sentence is empty when nobody runs any more.
Function ${UN}SendAway
  StrCpy $Sentence ""
  StrCpy $0 0
  !insertmacro Probe "$INSTDIR\${EXE}"
  StrCpy $Running $0
  ${Do}
    Call ${UN}IsHeld
    ${IfThen} $0 = 0 ${|} ${ExitDo} ${|}
    nsExec::Exec /TIMEOUT=40000 '"$INSTDIR\${EXE}" quit --wait 20'
    Pop $0
    ${For} $1 1 20 ; a process that has ended holds its file a moment longer
      Call ${UN}IsHeld
      ${IfThen} $0 = 0 ${|} ${ExitFor} ${|}
      Sleep 100
    ${Next}
    ${IfThen} $0 = 0 ${|} ${ExitDo} ${|}
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Alisa is still running. Quit her from her menu, or in the terminal she runs in, then try again." /SD IDCANCEL IDRETRY +2
    StrCpy $Sentence "running"
  ${LoopUntil} $Sentence != ""
FunctionEnd

!macroend

!macro Probe FILE
  ${If} ${FileExists} "${FILE}"
    ClearErrors
    FileOpen $2 "${FILE}" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $2
    ${EndIf}
  ${EndIf}
!macroend

!insertmacro Door ""
!insertmacro Door "un."

; Starts her again, quietly, where an upgrade had sent her away.
Function WakeAgain
  Call IsHeld
  ${If} $Running = 1
  ${AndIf} $0 = 0
    Exec '"$INSTDIR\${EXE}" --hidden'
  ${EndIf}
FunctionEnd
