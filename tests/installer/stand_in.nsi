; Stands in for Alisa in the tests of her setup program: runs until `quit` is called at her door, and holds her own file
; open meanwhile, as every running program does. Notes each start in %TEMP%\started.txt, a line each.
; With STUBBORN in the environment `quit` is refused; with HOLD all it does is to hold that file open until it is killed.

Unicode true
Target amd64-unicode
RequestExecutionLevel user
SilentInstall silent
OutFile "${OUT}"
Name "Stand-in"

!include LogicLib.nsh
!include FileFunc.nsh

Section
  ReadEnvStr $R0 HOLD
  ${If} $R0 != ""
    FileOpen $0 $R0 r
    FileOpen $1 "$R0.held" w
    Sleep 600000
    Quit
  ${EndIf}
  ReadEnvStr $R0 STUBBORN
  ${GetParameters} $0
  StrCpy $1 $0 4
  ${If} $1 == "quit"
    ${If} $R0 != ""
      SetErrorLevel 1
      Quit
    ${EndIf}
    System::Call 'kernel32::OpenEventW(i 2, i 0, w "AlisaStandIn") p .r1'
    System::Call 'kernel32::OpenMutexW(i 0x100000, i 0, w "AlisaStandInRuns") p .r2'
    System::Call 'kernel32::SetEvent(p r1)'
    System::Call 'kernel32::WaitForSingleObject(p r2, i 20000) i .r3'
    ${If} $3 = 258
      SetErrorLevel 1
    ${EndIf}
    Quit
  ${EndIf}
  System::Call 'kernel32::CreateEventW(p 0, i 0, i 0, w "AlisaStandIn") p .r1'
  System::Call 'kernel32::CreateMutexW(p 0, i 1, w "AlisaStandInRuns") p .r2'
  FileOpen $3 "$TEMP\started.txt" a
  FileSeek $3 0 END
  FileWriteUTF16LE $3 "${VERSION}: $0$\n"
  FileClose $3
  System::Call 'kernel32::WaitForSingleObject(p r1, i 600000)'
SectionEnd
