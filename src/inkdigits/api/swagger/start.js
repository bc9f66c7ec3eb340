// Shows the service's own document; nothing is sent to anyone else, so no online validator either.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
