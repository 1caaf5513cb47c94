; Files are put in place and taken away so that nothing of the user's is touched, and she is never half there:
;   .new    the new version while it is unpacked; then its parts change places with the old ones, by name only
;   .old    the parts of the old version meanwhile; found at the next start, they go back
;   .gone   the old version once the new one is whole; what its list names is deleted, the rest goes back

!define ATTRIBUTES 'System::Call "kernel32::GetFileAttributesW(w r0) i .r1"'

!define PLACED "placed.log" ; in .new: what changes places, a line each, so that it can go back
!define TRIES 60
!define PAUSE 250 ; ms

; A virus scanner holds what was just written for some seconds, and Windows moves no folder in which a file is open.
!macro Move FROM TO
  StrCpy $R8 0
  ${Do}
    ClearErrors
    Rename "${FROM}" "${TO}"
    ${IfNot} ${Errors}
      ${ExitDo}
    ${EndIf}
    IntOp $R8 $R8 + 1
    ${If} $R8 = ${TRIES}
      StrCpy $R9 1
      ${ExitDo}
    ${EndIf}
    Sleep ${PAUSE}
  ${Loop}
!macroend

!macro Files UN

; Deletes the folder on the stack with all that is in it. A link to another place goes, the other place stays.
Function ${UN}RemoveTree
  Exch $0
  Push $1
  Push $2
  ${ATTRIBUTES}
  ${If} $1 <> -1
    IntOp $2 $1 & 0x400 ; a link
    ${If} $2 = 0
      FindFirst $1 $2 "$0\*"
      ${DoUntil} $2 == ""
        ${If} $2 != "."
        ${AndIf} $2 != ".."
          Push "$0\$2"
          Call ${UN}Remove
        ${EndIf}
        FindNext $1 $2
      ${Loop}
      FindClose $1
    ${EndIf}
    SetFileAttributes "$0" NORMAL
    RMDir "$0"
  ${EndIf}
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; Deletes the file or folder on the stack.
Function ${UN}Remove
  Exch $0
  Push $1
  ${ATTRIBUTES}
  IntOp $1 $1 & 0x10 ; a folder
  ${If} $1 = 0
    SetFileAttributes "$0" NORMAL
    Delete "$0"
  ${Else}
    Push "$0"
    Call ${UN}RemoveTree
  ${EndIf}
  Pop $1
  Pop $0
FunctionEnd

; Deletes in the folder $R0 what the list $R1 names: files, folders that are empty then, and at last the list.
Function ${UN}RemoveListed
  Push $0
  Push $1
  Push $2
  FileOpen $0 $R1 r
  ${Do}
    ClearErrors
    FileReadUTF16LE $0 $1
    ${If} ${Errors}
      ${ExitDo}
    ${EndIf}
    StrCpy $1 $1 -1 ; the end of the line
    StrCpy $2 $1 1 -1
    ${If} $2 == "\"
      StrCpy $1 $1 -1
      RMDir "$R0\$1"
    ${Else}
      Delete "$R0\$1"
    ${EndIf}
  ${Loop}
  FileClose $0
  Delete $R1
  ClearErrors
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; Moves what is in the folder $R0 into the folder $R1, deeper where both have a folder; what is there already stays.
Function ${UN}Merge
  Push $0
  Push $1
  FindFirst $0 $1 "$R0\*"
  ${DoUntil} $1 == ""
    ${If} $1 != "."
    ${AndIf} $1 != ".."
      ${If} ${FileExists} "$R0\$1\*"
      ${AndIf} ${FileExists} "$R1\$1\*"
        Push $R0
        Push $R1
        StrCpy $R0 "$R0\$1"
        StrCpy $R1 "$R1\$1"
        Call ${UN}Merge
        Pop $R1
        Pop $R0
      ${Else}
        Rename "$R0\$1" "$R1\$1"
      ${EndIf}
    ${EndIf}
    FindNext $0 $1
  ${Loop}
  FindClose $0
  RMDir $R0
  Pop $1
  Pop $0
FunctionEnd

; Moves $1, a name at the top, back into `.new`; but where it was not moved yet: then the one that is there is not hers.
Function ${UN}SetAside
  ${If} ${FileExists} "$INSTDIR\$1"
  ${AndIfNot} ${FileExists} "$INSTDIR\.new\$1"
    !insertmacro Move "$INSTDIR\$1" "$INSTDIR\.new\$1"
  ${EndIf}
FunctionEnd

; Puts the old version back where a change of places was broken off, and takes away what the new one has put there.
Function ${UN}ChangeBack
  Push $0
  Push $1
  FileOpen $0 "$INSTDIR\.new\${PLACED}" r
  ${Do}
    ClearErrors
    FileReadUTF16LE $0 $1
    ${If} ${Errors}
      ${ExitDo}
    ${EndIf}
    StrCpy $1 $1 -1
    Call ${UN}SetAside
  ${Loop}
  FileClose $0
  FindFirst $0 $1 "$INSTDIR\.old\*"
  ${DoUntil} $1 == ""
    ${If} $1 != "."
    ${AndIf} $1 != ".."
      Call ${UN}SetAside ; also where that list is gone: what stands in the old one's place is the new one's
      !insertmacro Move "$INSTDIR\.old\$1" "$INSTDIR\$1"
    ${EndIf}
    FindNext $0 $1
  ${Loop}
  FindClose $0
  RMDir "$INSTDIR\.old"
  Pop $1
  Pop $0
FunctionEnd

; Leaves nothing of an earlier installation but what runs, wherever it was broken off.
Function ${UN}Tidy
  ${If} ${FileExists} "$INSTDIR\.old\*"
    CreateDirectory "$INSTDIR\.new"
    Call ${UN}ChangeBack
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\.gone\*"
    StrCpy $R0 "$INSTDIR\.gone"
    StrCpy $R1 "$INSTDIR\.gone\install.log"
    Call ${UN}RemoveListed
    StrCpy $R1 "$INSTDIR"
    Call ${UN}Merge
    ${If} ${FileExists} "$R0\*" ; the user's, whose name is taken by a file of hers now
      StrCpy $R1 "$INSTDIR\kept"
      CreateDirectory $R1
      Call ${UN}Merge
    ${EndIf}
  ${EndIf}
  Push "$INSTDIR\.new"
  Call ${UN}RemoveTree
  ClearErrors
FunctionEnd

!macroend
!insertmacro Files ""
!insertmacro Files "un."

; Lets the new version in `.new` and the old one change places. Where a part can't be moved all goes back; $R9 tells: 1.
Function ChangePlaces
  StrCpy $R9 0
  CreateDirectory "$INSTDIR\.old"
  ${If} ${FileExists} "$INSTDIR\install.log"
    !insertmacro Move "$INSTDIR\install.log" "$INSTDIR\.old\install.log"
    FileOpen $0 "$INSTDIR\.old\install.log" r
    ${DoUntil} $R9 = 1
      ClearErrors
      FileReadUTF16LE $0 $1
      ${If} ${Errors}
        ${ExitDo}
      ${EndIf}
      StrCpy $1 $1 -1
      StrCpy $2 $1 1 -1
      ${If} $2 == "\"
        StrCpy $1 $1 -1
      ${EndIf}
      System::Call 'shlwapi::StrChrW(w r1, i 92) p .r2'
      ${If} $2 P= 0 ; at the top
      ${AndIf} ${FileExists} "$INSTDIR\$1"
        !insertmacro Move "$INSTDIR\$1" "$INSTDIR\.old\$1"
      ${EndIf}
    ${Loop}
    FileClose $0
  ${EndIf}
  FileOpen $3 "$INSTDIR\.new\${PLACED}" w
  StrCpy $1 "install.log" ; first, so that what is broken off here is known for hers
  FindFirst $0 $2 "$INSTDIR\.new\*"
  ${DoUntil} $1 == ""
    ${If} $R9 = 0
    ${AndIf} ${FileExists} "$INSTDIR\.new\$1"
    ${AndIf} $1 != "."
    ${AndIf} $1 != ".."
    ${AndIf} $1 != "${PLACED}"
      ${If} ${FileExists} "$INSTDIR\$1" ; not hers, but in the way
        !insertmacro Move "$INSTDIR\$1" "$INSTDIR\.old\$1"
      ${EndIf}
      FileWriteUTF16LE $3 "$1$\n"
      !insertmacro Move "$INSTDIR\.new\$1" "$INSTDIR\$1"
    ${EndIf}
    StrCpy $1 $2
    FindNext $0 $2
  ${Loop}
  FindClose $0
  FileClose $3
  ${If} $R9 = 0
    !insertmacro Move "$INSTDIR\.old" "$INSTDIR\.gone"
  ${EndIf}
  ${If} $R9 = 1
    Call ChangeBack
  ${EndIf}
  ClearErrors
FunctionEnd
