; Which folder she may have, and whether there is room in it.

; Makes $INSTDIR a folder that is hers alone: below one that holds something else she gets one of her own.
Function FitFolder
  StrCpy $Sentence ""
  ${If} $Version != ""
    Return
  ${EndIf}
  StrCpy $0 $INSTDIR 1 1
  StrCpy $1 $INSTDIR 2
  ${If} $0 != ":"
  ${AndIf} $1 != "\\"
    StrCpy $Sentence "Name the whole folder, such as $LOCALAPPDATA\Programs\Alisa."
    Return
  ${EndIf}
  StrCpy $1 $INSTDIR 1 -1
  ${If} $1 == "\"
    StrCpy $INSTDIR $INSTDIR -1
  ${EndIf}
  Call IsForeign
  ${If} $0 = 1
    StrCpy $INSTDIR "$INSTDIR\Alisa"
    Call IsForeign
  ${EndIf}
  StrLen $1 "${PROFILE}\"
  StrCpy $1 "$INSTDIR\" $1
  ${If} $1 == "${PROFILE}\"
    StrCpy $Sentence "Her memories live in ${PROFILE}. Choose another folder."
  ${ElseIf} $0 = 1
    StrCpy $Sentence "There is something else in $INSTDIR. Choose an empty folder."
  ${EndIf}
  StrLen $1 $INSTDIR
  ${If} $1 > ${LONGEST_FOLDER}
    StrCpy $Sentence "The name of that folder is too long for Windows. Choose a shorter one."
  ${EndIf}
FunctionEnd

; Whether $INSTDIR holds what is not hers; leaves $0 at 1 or 0.
Function IsForeign
  StrCpy $0 0
  FileOpen $1 "$INSTDIR\install.log" r
  FileReadByte $1 $2
  FileReadByte $1 $3
  FileClose $1
  ClearErrors
  ${If} "$2 $3" == "255 254" ; UTF-16, which hers is; others call theirs so, too
  ${OrIf} ${FileExists} "$INSTDIR\.old\*" ; an installation that was broken off
  ${OrIf} ${FileExists} "$INSTDIR\.new\*"
    Return
  ${EndIf}
  FindFirst $1 $2 "$INSTDIR\*"
  ${DoUntil} $2 == ""
    ${If} $2 != "."
    ${AndIf} $2 != ".."
      StrCpy $0 1
    ${EndIf}
    FindNext $1 $2
  ${Loop}
  FindClose $1
FunctionEnd

; Leaves in $2 how many MB are free in the folder $1, which need not be there yet; -1 where nobody can tell.
Function FreeRoom
  StrCpy $2 -1
  ${Do}
    System::Call 'kernel32::GetDiskFreeSpaceExW(w r1, *l .r3, p 0, p 0) i .r4'
    ${If} $4 <> 0
      System::Int64Op $3 / 1048576
      Pop $2
      ${ExitDo}
    ${EndIf}
    StrCpy $4 $1
    ${GetParent} $4 $1
  ${LoopUntil} $1 == ""
FunctionEnd

; There must be room for her twice: unpacking needs it, and the old version stays until the new one is whole.
Function CheckRoom
  StrCpy $Sentence ""
  SectionGetSize 0 $0 ; KB
  IntOp $0 $0 / 512
  IntOp $0 $0 + 20
  StrCpy $1 $INSTDIR
  Call FreeRoom
  ${If} $2 >= 0
  ${AndIf} $2 < $0
    StrCpy $Sentence "Alisa needs $0 MB while she moves in, and $2 MB are free there. Choose another folder, or make room."
    Return
  ${EndIf}
  StrCpy $1 $TEMP
  IntOp $0 $0 / 2
  Call FreeRoom
  ${If} $2 >= 0
  ${AndIf} $2 < $0
    StrCpy $Sentence "Alisa needs $0 MB in $TEMP to be unpacked, and $2 MB are free. Make room, then try again."
  ${EndIf}
FunctionEnd
