// Shows the OpenAPI document of this service. Without the online validator, nothing leaves the service.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
