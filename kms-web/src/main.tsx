/** The entry of the web console. */
document.title = "Bulkhead";
