; How the pages look: one picture at the side, few words, much white.

!include MUI2.nsh

!define MUI_ICON "${PICTURES}\alisa.ico"
!define MUI_UNICON "${PICTURES}\alisa.ico"
!define MUI_HEADERIMAGE
!define MUI_HEADERIMAGE_RIGHT
!define MUI_HEADERIMAGE_BITMAP "${PICTURES}\header.bmp"
!define MUI_HEADERIMAGE_BITMAP_STRETCH FitControl
!define MUI_HEADERIMAGE_UNBITMAP "${PICTURES}\header.bmp"
!define MUI_HEADERIMAGE_UNBITMAP_STRETCH FitControl

!insertmacro MUI_PAGE_INIT
!insertmacro MUI_PAGE_FUNCTION_FULLWINDOW
Page custom WherePage WherePageLeft
!define MUI_PAGE_HEADER_TEXT "Alisa is moving in"
!define MUI_PAGE_HEADER_SUBTEXT "This takes a minute."
!define MUI_PAGE_CUSTOMFUNCTION_SHOW HideBack
!insertmacro MUI_PAGE_INSTFILES

!insertmacro MUI_UNPAGE_INIT
!insertmacro MUI_PAGE_FUNCTION_FULLWINDOW
UninstPage custom un.KeepPage un.KeepPageLeft
!define MUI_PAGE_HEADER_TEXT "Alisa is moving out"
!define MUI_PAGE_HEADER_SUBTEXT "This takes a moment."
!define MUI_PAGE_CUSTOMFUNCTION_SHOW un.HideBack
!insertmacro MUI_UNPAGE_INSTFILES

!insertmacro MUI_LANGUAGE English

LangString ^CantWrite 1033 "Alisa could not be installed: the disk is full, or this file can't be written: "
LangString ^ErrorDecompressing 1033 "Alisa could not be installed: there is no room to unpack her, or this setup file is damaged."

Var Picture

!macro BeginPage PICTURE TITLE TEXT
  InitPluginsDir
  File "/oname=$PLUGINSDIR\side.bmp" "${PICTURES}\${PICTURE}"
  nsDialogs::Create 1044
  Pop $0
  SetCtlColors $0 "" FFFFFF
  ${NSD_CreateBitmap} 0u 0u 109u 193u ""
  Pop $0
  ${NSD_SetStretchedImage} $0 "$PLUGINSDIR\side.bmp" $Picture
  ${NSD_CreateLabel} 120u 14u 195u 20u "${TITLE}"
  Pop $0
  SetCtlColors $0 "" FFFFFF
  CreateFont $2 "Segoe UI" 16 600
  SendMessage $0 ${WM_SETFONT} $2 0
  ${NSD_CreateLabel} 120u 38u 195u 20u "${TEXT}"
  Pop $0
  SetCtlColors $0 "" FFFFFF
!macroend

!macro OnWhite CONTROL
  Pop ${CONTROL}
  SetCtlColors ${CONTROL} "" FFFFFF
!macroend

!macro ShowPage UN
  Call ${UN}muiPageLoadFullWindow
  Call ${UN}HideBack
  nsDialogs::Show
  Call ${UN}muiPageUnloadFullWindow
  ${NSD_FreeImage} $Picture
!macroend

!macro HideBack UN
  Function ${UN}HideBack
    GetDlgItem $0 $HWNDPARENT 3
    ShowWindow $0 ${SW_HIDE}
  FunctionEnd
!macroend
!insertmacro HideBack ""
!insertmacro HideBack "un."
