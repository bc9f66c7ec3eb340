// Shows the OpenAPI document of this service. Without the online validator, nothing leaves the service.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});

// Swagger UI has dark colors, but leaves the choice to the page.
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const applyColors = () =>
  document.documentElement.classList.toggle("dark-mode", prefersDark.matches);
prefersDark.addEventListener("change", applyColors);
applyColors();
