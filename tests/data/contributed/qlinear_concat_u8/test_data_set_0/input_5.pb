JΑbCIΠmxϊtΐχωQg
