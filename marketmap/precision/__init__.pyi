from .estimators import GraphicalLasso as GraphicalLasso
from .estimators import GraphicalLassoCV as GraphicalLassoCV
from .estimators import graphical_lasso as graphical_lasso
from .fit import PrecisionFit as PrecisionFit
from .fit import fit_model as fit_model
from .fit import fit_precision as fit_precision
from .fit import make_model as make_model
