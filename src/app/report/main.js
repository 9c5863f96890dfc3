// Draws the page from the data in the file.

const data = JSON.parse(document.getElementById("data").textContent);
if (data.format === "quantize-eval-report") evalPage(data); else quantizePage(data);
