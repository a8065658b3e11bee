SELECT digest FROM store.views;
