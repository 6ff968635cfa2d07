/* assets.h: the files that a page has in it, as they are in this folder. */
#ifndef REAPMARK_PAGE_ASSETS_H
#define REAPMARK_PAGE_ASSETS_H

extern const char asset_style_css[], asset_script_js[];

#endif
