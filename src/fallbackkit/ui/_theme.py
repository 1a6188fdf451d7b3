from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.themes.utils import fonts as families

from fallbackkit.ui._stylesheet import fonts, stylesheet

__all__ = ["theme"]

_LIGHT_DARK: dict[str, tuple[str, str]] = {
    "bg": ("#FBFBFA", "#101311"),
    "surface": ("#FFFFFF", "#181C19"),
    "sunken": ("#F3F4F2", "#0B0D0C"),
    "line": ("#D9DCD6", "#323833"),
    "strong": ("#858B82", "#7D867E"),
    "ink": ("#161A17", "#EEF1EC"),
    "ink2": ("#4A524C", "#B9C1BA"),
    "ink3": ("#626A63", "#98A199"),
    "accent": ("#1F5FD1", "#8DB4FF"),
    "accent_hover": ("#1A4FB0", "#B3CDFF"),
    "accent_bg": ("#EAF1FE", "#16294A"),
    "on_accent": ("#FFFFFF", "#0B0D0C"),
    "danger": ("#A3212A", "#FF9B9B"),
    "danger_bg": ("#FDECEC", "#3E1719"),
}

_USES: dict[str, str] = {
    "body_background_fill": "bg",
    "body_text_color": "ink",
    "body_text_color_subdued": "ink3",
    "background_fill_primary": "surface",
    "background_fill_secondary": "sunken",
    "border_color_accent": "accent",
    "border_color_accent_subdued": "line",
    "border_color_primary": "line",
    "color_accent_soft": "accent_bg",
    "link_text_color": "accent",
    "link_text_color_active": "accent",
    "link_text_color_hover": "accent_hover",
    "link_text_color_visited": "accent",
    "code_background_fill": "sunken",
    "block_background_fill": "bg",
    "block_border_color": "line",
    "block_info_text_color": "ink3",
    "block_label_background_fill": "bg",
    "block_label_border_color": "line",
    "block_label_text_color": "ink2",
    "block_title_text_color": "ink",
    "panel_background_fill": "bg",
    "panel_border_color": "line",
    "accordion_text_color": "ink",
    "table_text_color": "ink",
    "checkbox_background_color": "surface",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "strong",
    "checkbox_border_color_focus": "accent",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "surface",
    "checkbox_label_background_fill_hover": "sunken",
    "checkbox_label_background_fill_selected": "accent_bg",
    "checkbox_label_border_color": "strong",
    "checkbox_label_text_color": "ink",
    "checkbox_label_text_color_selected": "ink",
    "error_background_fill": "danger_bg",
    "error_border_color": "danger",
    "error_text_color": "danger",
    "error_icon_color": "danger",
    "input_background_fill": "surface",
    "input_background_fill_focus": "surface",
    "input_border_color": "strong",
    "input_border_color_focus": "accent",
    "input_border_color_hover": "strong",
    "input_placeholder_color": "ink3",
    "loader_color": "accent",
    "slider_color": "accent",
    "stat_background_fill": "accent",
    "table_border_color": "line",
    "table_even_background_fill": "surface",
    "table_odd_background_fill": "surface",
    "table_row_focus": "accent_bg",
    "button_primary_background_fill": "accent",
    "button_primary_background_fill_hover": "accent_hover",
    "button_primary_border_color": "accent",
    "button_primary_border_color_hover": "accent_hover",
    "button_primary_text_color": "on_accent",
    "button_primary_text_color_hover": "on_accent",
    "button_secondary_background_fill": "surface",
    "button_secondary_background_fill_hover": "sunken",
    "button_secondary_border_color": "strong",
    "button_secondary_border_color_hover": "strong",
    "button_secondary_text_color": "ink",
    "button_secondary_text_color_hover": "ink",
    "button_cancel_background_fill": "surface",
    "button_cancel_background_fill_hover": "danger_bg",
    "button_cancel_border_color": "danger",
    "button_cancel_text_color": "danger",
    "button_cancel_text_color_hover": "danger",
}

_PLAIN: dict[str, str] = {
    "body_text_size": "16px",
    "prose_text_size": "16px",
    "prose_header_text_weight": "600",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_label_shadow": "none",
    "block_label_text_size": "14px",
    "block_label_text_weight": "600",
    "block_title_text_size": "14px",
    "block_title_text_weight": "600",
    "block_radius": "8px",
    "block_padding": "12px 0",
    "container_radius": "4px",
    "form_gap_width": "0px",
    "layout_gap": "16px",
    "input_border_width": "1px",
    "input_radius": "4px",
    "input_shadow": "none",
    "input_shadow_focus": "0 0 0 1px var(--input-border-color-focus)",
    "input_text_size": "16px",
    "checkbox_border_radius": "4px",
    "checkbox_label_shadow": "none",
    "checkbox_shadow": "none",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 8px 24px rgb(22 26 23 / .14)",
    "shadow_inset": "none",
    "button_border_width": "1px",
    "button_transition": "background-color 120ms cubic-bezier(.2,0,0,1)",
    "button_primary_shadow": "none",
    "button_secondary_shadow": "none",
    **{
        f"button_{size}_{what}": value
        for size in ("small", "medium", "large")
        for what, value in (("padding", "7px 14px"), ("radius", "4px"), ("text_size", "14px"), ("text_weight", "600"))
    },
}

_PAGE = """
footer { display: none !important; }
.gradio-container button:is(.sm, .md, .lg) {
  flex: 0 1 auto;
  align-self: flex-start;
  inline-size: auto;
  min-inline-size: 0;
  min-block-size: 36px;
  line-height: 20px;
}
.gradio-container .form { background: none; border: 0; }
"""


class _Theme(gr.themes.Base):
    def __init__(self) -> None:
        super().__init__(
            font=[families.Font("Atkinson Hyperlegible Next"), families.Font("system-ui"), families.Font("sans-serif")],
            font_mono=[
                families.Font("Atkinson Hyperlegible Mono"),
                families.Font("ui-monospace"),
                families.Font("monospace"),
            ],
        )
        self.name = "fallbackkit"
        self.set(**_variables())
        self._font_css = [fonts(), stylesheet()]  # what is in `custom_css`, Gradio writes three times
        # `set` has no `color_accent_dark`, but the dark rules take every attribute that ends so.
        self.color_accent, self.color_accent_dark = _LIGHT_DARK["accent"]
        self.custom_css = _PAGE


def _variables() -> dict[str, Any]:
    coloured = {
        key: value
        for name, token in _USES.items()
        for key, value in zip((name, f"{name}_dark"), _LIGHT_DARK[token], strict=True)
    }
    return coloured | _PLAIN


def theme() -> gr.themes.Base:
    """The look of fallbackkit for a whole app, light and dark: ``demo.launch(theme=theme())``.

    Carries its fonts and stylesheet; the page asks no other host for anything.
    """
    return _Theme()
