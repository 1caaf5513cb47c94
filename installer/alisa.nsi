; The setup program for Windows, and the program that removes Alisa again. Compiled by installer/windows.py with
;   /DVERSION=0.1.0          as people read it
;   /DRELEASE=0.1.0.0        as numbers to compare
;   /DDIST=folder            the bundle: alisa-desktop.exe, alisa-desktop-cli.exe, _internal
;   /DMANIFEST=install.log   every file and folder that is installed, inner ones first (UTF-16)
;   /DLONGEST_FOLDER=100     how long the name of the folder may be, so that Windows finds the files below it
;   /DPICTURES=folder        alisa.ico, hello.bmp, goodbye.bmp, header.bmp
;   /DSIGN=command           signs the file that is named behind it (optional)
;   /DOUT=file               what to write
;
; Exit codes: 0 done - 1 cancelled - 2 a newer version is installed - 3 she is running and does not quit -
; 4 that folder can't be used - 5 the files could not be written - 6 too little room - 7 already at work
; /S asks nothing, keeps every earlier choice and everything of the user's; /D=FOLDER (last, unquoted) names the folder.

Unicode true
!if /FILEEXISTS "${NSISDIR}/Stubs/lzma_solid-amd64-unicode"
  Target amd64-unicode
!else
  Target x86-unicode ; all that NSIS's own package for Windows has; runs everywhere, too
!endif
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetCompressorDictSize 32
ManifestDPIAware true
ManifestSupportedOS all
CRCCheck on
XPStyle on

!include LogicLib.nsh
!include WinMessages.nsh
!include WordFunc.nsh
!include FileFunc.nsh
!include nsDialogs.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Alisa"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define EXE "alisa-desktop.exe"
!define PROFILE "$LOCALAPPDATA\Alisa"

Name "Alisa"
Caption "Alisa"
UninstallCaption "Alisa"
BrandingText "Alisa ${VERSION}"
OutFile "${OUT}"
ShowInstDetails nevershow
ShowUninstDetails nevershow
AutoCloseWindow true
AllowSkipFiles off
SetFont "Segoe UI" 9

VIProductVersion "${RELEASE}"
VIFileVersion "${RELEASE}"
VIAddVersionKey /LANG=1033 "ProductName" "Alisa"
VIAddVersionKey /LANG=1033 "FileDescription" "Alisa setup"
VIAddVersionKey /LANG=1033 "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "CompanyName" "Alisa Desktop contributors"
VIAddVersionKey /LANG=1033 "LegalCopyright" "MIT licence"
VIAddVersionKey /LANG=1033 "OriginalFilename" "Alisa-${VERSION}-setup.exe"

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
  !finalize '${SIGN} "%1"' = 0
!endif

Var Version      ; of the Alisa that is installed already; empty where there is none
Var Running      ; 1 when she ran before
Var OnDesktop    ; ticks of the page
Var AtLogin
Var StartNow
Var Sentence     ; why it can't go on
Var Page.Folder
Var Page.Space
Var Page.OnDesktop
Var Page.AtLogin
Var Page.StartNow
Var Page.KeepMemories
Var Page.KeepModels
Var KeepMemories
Var KeepModels
Var Size         ; of the downloaded models, in KB

!macro Refuse CODE TEXT
  MessageBox MB_OK|MB_ICONEXCLAMATION "${TEXT}" /SD IDOK
  SetErrorLevel ${CODE}
  Quit
!macroend

!include "look.nsh"
!include "files.nsh"
!include "door.nsh"

; ---------------------------------------------------------------------------------------------------- before the page

Function .onInit
  SetShellVarContext current
  System::Call 'kernel32::CreateMutexW(p 0, i 0, w "Local\AlisaSetup") p .r0 ?e'
  Pop $0
  ${If} $0 = 183
    !insertmacro Refuse 7 "Alisa is being installed already. Look for that window."
  ${EndIf}
  ReadRegStr $0 HKCU "${KEY}" "InstallLocation"
  ${If} $0 != ""
    ${If} ${FileExists} "$0\${EXE}"
    ${OrIf} ${FileExists} "$0\.old\${EXE}" ; an upgrade that was interrupted
      StrCpy $INSTDIR $0 ; she stays where she is
      ReadRegStr $Version HKCU "${KEY}" "DisplayVersion"
    ${EndIf}
  ${EndIf}
  ${If} $Version != ""
    ReadRegStr $1 HKCU "${KEY}" "Release"
    ${VersionCompare} $1 "${RELEASE}" $2
    ${If} $2 = 1
      !insertmacro Refuse 2 "Alisa $Version is installed, and this would bring back the older ${VERSION}. Nothing was changed. To go back, remove Alisa first; her memories can stay."
    ${EndIf}
  ${ElseIf} $INSTDIR == ""
    StrCpy $INSTDIR "$LOCALAPPDATA\Programs\Alisa"
  ${EndIf}
  ReadRegStr $0 HKCU "${RUN}" "Alisa"
  ${If} $0 != ""
    StrCpy $AtLogin 1
  ${EndIf}
  ${If} ${FileExists} "$DESKTOP\Alisa.lnk"
    StrCpy $OnDesktop 1
  ${EndIf}
  ${If} ${Silent}
    Call FitFolder
    ${If} $Sentence != ""
      !insertmacro Refuse 4 "$Sentence"
    ${EndIf}
    Call CheckRoom
    ${If} $Sentence != ""
      !insertmacro Refuse 6 "$Sentence"
    ${EndIf}
  ${EndIf}
FunctionEnd

; ------------------------------------------------------------------------------------------------------------ the page

Function WherePage
  StrCpy $1 "A private companion for your desktop.$\nWhat you tell her stays on this computer."
  ${If} $Version == "${VERSION}"
    StrCpy $1 "Alisa ${VERSION} is installed again.$\nHer memories and your settings stay."
  ${ElseIf} $Version != ""
    StrCpy $1 "Alisa $Version becomes ${VERSION}.$\nHer memories and your settings stay."
  ${EndIf}
  !insertmacro BeginPage "hello.bmp" "Alisa" $1

  ${NSD_CreateLabel} 120u 65u 140u 9u "Folder"
  !insertmacro OnWhite $0
  ${NSD_CreateDirRequest} 120u 76u 143u 13u "$INSTDIR"
  Pop $Page.Folder
  ${NSD_CreateBrowseButton} 267u 75u 48u 15u "&Browse…"
  Pop $0
  ${NSD_OnClick} $0 Browse
  ${If} $Version != ""
    EnableWindow $Page.Folder 0
    EnableWindow $0 0
  ${EndIf}
  ${NSD_CreateLabel} 120u 92u 195u 9u ""
  !insertmacro OnWhite $Page.Space
  ${NSD_OnChange} $Page.Folder FolderChanged
  Call ShowSpace

  ${NSD_CreateCheckBox} 120u 116u 195u 11u "Icon on the &desktop"
  !insertmacro OnWhite $Page.OnDesktop
  ${NSD_SetState} $Page.OnDesktop $OnDesktop
  ${NSD_CreateCheckBox} 120u 131u 195u 11u "Start with &Windows, quietly in the tray"
  !insertmacro OnWhite $Page.AtLogin
  ${NSD_SetState} $Page.AtLogin $AtLogin
  ${NSD_CreateCheckBox} 120u 146u 195u 11u "&Start now"
  !insertmacro OnWhite $Page.StartNow
  ${NSD_Check} $Page.StartNow

  GetDlgItem $0 $HWNDPARENT 1
  ${If} $Version == "${VERSION}"
    SendMessage $0 ${WM_SETTEXT} 0 "STR:&Repair"
  ${ElseIf} $Version != ""
    SendMessage $0 ${WM_SETTEXT} 0 "STR:&Update"
  ${EndIf}
  !insertmacro ShowPage ""
FunctionEnd

Function Browse
  ${NSD_GetText} $Page.Folder $0
  nsDialogs::SelectFolderDialog "Where shall Alisa live?" $0
  Pop $0
  ${If} $0 != error
    StrCpy $INSTDIR $0
    Call FitFolder
    ${NSD_SetText} $Page.Folder $INSTDIR
  ${EndIf}
FunctionEnd

Function FolderChanged
  Pop $0
  Call ShowSpace
FunctionEnd

Function ShowSpace
  ${NSD_GetText} $Page.Folder $1
  Call FreeRoom
  SectionGetSize 0 $0 ; KB
  IntOp $0 $0 / 1024
  IntOp $0 $0 + 1
  ${If} $2 < 0
    ${NSD_SetText} $Page.Space "Takes $0 MB."
  ${ElseIf} $2 < 10240
    ${NSD_SetText} $Page.Space "Takes $0 MB; $2 MB are free here."
  ${Else}
    IntOp $2 $2 / 1024
    ${NSD_SetText} $Page.Space "Takes $0 MB; $2 GB are free here."
  ${EndIf}
FunctionEnd

Function WherePageLeft
  ${If} $Version == ""
    ${NSD_GetText} $Page.Folder $INSTDIR
  ${EndIf}
  Call FitFolder
  ${If} $Sentence == ""
    Call CheckRoom
  ${EndIf}
  ${If} $Sentence != ""
    MessageBox MB_OK|MB_ICONEXCLAMATION $Sentence
    Abort
  ${EndIf}
  ${NSD_GetState} $Page.OnDesktop $OnDesktop
  ${NSD_GetState} $Page.AtLogin $AtLogin
  ${NSD_GetState} $Page.StartNow $StartNow
FunctionEnd

!include "room.nsh"

; --------------------------------------------------------------------------------------------------------- installing

Function GiveUp
  SetOutPath $TEMP
  Push "$INSTDIR\.new"
  Call RemoveTree
  RMDir $INSTDIR
FunctionEnd

Function .onInstFailed ; a file could not be written; the sentence was said
  Call GiveUp
  SetErrorLevel 5
  Quit
FunctionEnd

!macro Tell TEXT
  SetDetailsPrint textonly
  DetailPrint "${TEXT}"
  SetDetailsPrint none
!macroend

Section "Alisa"
  !insertmacro Tell "Making room …"
  Call Tidy
  ClearErrors
  SetOutPath "$INSTDIR\.new"
  ${If} ${Errors}
    Call GiveUp
    !insertmacro Refuse 4 "Alisa can't write to $INSTDIR. Choose another folder."
  ${EndIf}
  !insertmacro Tell "Unpacking …"
  File /r "${DIST}/*"
  File "/oname=install.log" "${MANIFEST}"
  WriteUninstaller "$INSTDIR\.new\uninstall.exe"
  SetOutPath $TEMP ; no folder of hers is held
  !insertmacro Tell "Taking the place of the earlier version …"
  Call SendAway
  ${If} $Sentence != ""
    Call GiveUp
    Call WakeAgain
    SetErrorLevel 3
    Quit
  ${EndIf}
  Call ChangePlaces
  ${If} $R9 = 1
    Call GiveUp
    Call WakeAgain
    !insertmacro Refuse 5 "Alisa could not be replaced, since another program uses her files. Nothing was changed. Restart Windows, then try again."
  ${EndIf}
  Call Register
  Call Tidy
  SetOutPath $INSTDIR
  ${If} $StartNow = 1
    Exec '"$INSTDIR\${EXE}"'
  ${ElseIf} ${Silent}
    Call WakeAgain
  ${EndIf}
SectionEnd

Function Register
  SetOutPath $INSTDIR ; shortcuts start there
  CreateShortcut "$SMPROGRAMS\Alisa.lnk" "$INSTDIR\${EXE}" "" "" "" "" "" "A companion for your desktop"
  ${If} $OnDesktop = 1
    CreateShortcut "$DESKTOP\Alisa.lnk" "$INSTDIR\${EXE}" "" "" "" "" "" "A companion for your desktop"
  ${Else}
    Delete "$DESKTOP\Alisa.lnk"
  ${EndIf}
  ${If} $AtLogin = 1
    WriteRegStr HKCU "${RUN}" "Alisa" '"$INSTDIR\${EXE}" --hidden'
  ${Else}
    DeleteRegValue HKCU "${RUN}" "Alisa"
  ${EndIf}
  SetOutPath $TEMP
  WriteRegStr HKCU "${KEY}" "DisplayName" "Alisa"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "Release" "${RELEASE}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\${EXE},0"
  WriteRegStr HKCU "${KEY}" "Publisher" "Alisa Desktop contributors"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  SectionGetSize 0 $0
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" $0
FunctionEnd

!include "removal.nsh"
