; Moving out. What the user made with her is kept unless the page says otherwise; a silent removal keeps all of it.

Function un.onInit
  SetShellVarContext current
  StrCpy $KeepMemories 1
  StrCpy $KeepModels 1
  ${IfNot} ${FileExists} "$INSTDIR\install.log"
    !insertmacro Refuse 4 "The list of Alisa's files in $INSTDIR is missing. Install her there again, then remove her."
  ${EndIf}
FunctionEnd

Function un.KeepPage
  !insertmacro BeginPage "goodbye.bmp" "Goodbye" "Alisa leaves this computer.$\nDo you want to keep what is yours?"
  ${NSD_CreateCheckBox} 120u 70u 195u 11u "Keep her &memories"
  !insertmacro OnWhite $Page.KeepMemories
  ${NSD_Check} $Page.KeepMemories
  ${NSD_CreateLabel} 132u 82u 183u 19u "What was said, your settings and personalities. Without the tick they are deleted for good."
  !insertmacro OnWhite $0
  StrCpy $Size 0
  Push "${PROFILE}\models"
  Call un.Measure
  ${If} $Size > 0
    IntOp $0 $Size / 976563 ; GB as the rest of her counts them: 1 000 000 000 bytes
    IntOp $1 $Size / 97656
    IntOp $1 $1 % 10
    ${NSD_CreateCheckBox} 120u 110u 195u 11u "Keep the &downloaded models ($0.$1 GB)"
    !insertmacro OnWhite $Page.KeepModels
    ${NSD_Check} $Page.KeepModels
  ${EndIf}
  GetDlgItem $0 $HWNDPARENT 1
  SendMessage $0 ${WM_SETTEXT} 0 "STR:&Remove"
  !insertmacro ShowPage "un."
FunctionEnd

Function un.KeepPageLeft
  ${NSD_GetState} $Page.KeepMemories $KeepMemories
  StrCpy $KeepModels $KeepMemories ; what is empty goes with the rest
  ${If} $Size > 0
    ${NSD_GetState} $Page.KeepModels $KeepModels
  ${EndIf}
FunctionEnd

; Adds to $Size how many KB the folder on the stack holds; links to other places are not followed.
Function un.Measure
  Exch $0
  Push $1
  Push $2
  Push $3
  ${ATTRIBUTES}
  IntOp $2 $1 & 0x410
  ${If} $1 <> -1
  ${AndIf} $2 = 0x10 ; a folder, no link
    FindFirst $1 $2 "$0\*"
    ${DoUntil} $2 == ""
      ${If} ${FileExists} "$0\$2\*"
        ${If} $2 != "."
        ${AndIf} $2 != ".."
          Push "$0\$2"
          Call un.Measure
        ${EndIf}
      ${Else}
        System::Call '*(&i36) p .r3' ; WIN32_FILE_ATTRIBUTE_DATA
        System::Call 'kernel32::GetFileAttributesExW(w "$0\$2", i 0, p r3)'
        System::Call '*$3(i, i, i, i, i, i, i, i .R0, i .R1)'
        System::Free $3
        System::Int64Op $R0 << 32
        Pop $R0
        System::Int64Op $R1 & 0xFFFFFFFF
        Pop $R1
        System::Int64Op $R0 + $R1
        Pop $R0
        System::Int64Op $R0 / 1024
        Pop $R0
        IntOp $Size $Size + $R0
      ${EndIf}
      FindNext $1 $2
    ${Loop}
    FindClose $1
  ${EndIf}
  Pop $3
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

Section "un.Alisa"
  !insertmacro Tell "Packing …"
  SetOutPath $TEMP
  Call un.SendAway
  ${If} $Sentence != ""
    SetErrorLevel 3
    Quit
  ${EndIf}
  Call un.Tidy
  Call un.Forget
  Delete "$SMPROGRAMS\Alisa.lnk"
  Delete "$DESKTOP\Alisa.lnk"
  DeleteRegValue HKCU "${RUN}" "Alisa"
  DeleteRegValue HKCU "${APPROVED}" "Alisa"
  StrCpy $R0 $INSTDIR
  StrCpy $R1 "$INSTDIR\install.log"
  Call un.RemoveListed
  RMDir $INSTDIR
  DeleteRegKey HKCU "${KEY}" ; last, so that a removal that is broken off can be done again
SectionEnd

; Deletes what the user does not want to keep.
Function un.Forget
  ${If} $KeepModels = 0
    Push "${PROFILE}\models"
    Call un.RemoveTree
  ${EndIf}
  ${If} $KeepMemories = 0
    FindFirst $0 $1 "${PROFILE}\*"
    ${DoUntil} $1 == ""
      ${If} $1 != "."
      ${AndIf} $1 != ".."
      ${AndIf} $1 != "models"
        Push "${PROFILE}\$1"
        Call un.Remove
        ${If} ${FileExists} "${PROFILE}\$1"
          StrCpy $Sentence "Not all of her memories could be deleted. What is left lies in ${PROFILE}."
        ${EndIf}
      ${EndIf}
      FindNext $0 $1
    ${Loop}
    FindClose $0
    RMDir "${PROFILE}"
  ${EndIf}
  ${If} $Sentence != ""
    MessageBox MB_OK|MB_ICONEXCLAMATION $Sentence /SD IDOK
  ${EndIf}
FunctionEnd
