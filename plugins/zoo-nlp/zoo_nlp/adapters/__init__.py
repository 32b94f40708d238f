"""How text models are trained: one adapter for each task that can be learnt."""
