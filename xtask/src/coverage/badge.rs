//! The badge in the README, drawn here so that nobody else is asked for it.

/// An SVG that says how much is covered, in colours from red to green.
pub(crate) fn draw(percent: f64) -> String {
    let colour = match percent {
        p if p >= 90.0 => "#2e7d32",
        p if p >= 85.0 => "#558b2f",
        p if p >= 75.0 => "#b26a00",
        _ => "#b71c1c",
    };
    // Cut, not rounded: 84.99 is below 85.
    let text = format!("{:.1} %", (percent * 10.0).floor() / 10.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="118" height="20" role="img" aria-label="coverage: {text}">
<rect width="118" height="20" rx="3" fill="#444"/>
<rect x="62" width="56" height="20" rx="3" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,sans-serif" font-size="11" text-anchor="middle">
<text x="32" y="14">coverage</text>
<text x="90" y="14">{text}</text>
</g>
</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn the_badge_never_says_more_than_is_covered() {
        assert!(draw(84.99).contains("84.9 %"));
        assert!(draw(91.0).contains("91.0 %") && draw(91.0).contains("#2e7d32"));
    }
}
