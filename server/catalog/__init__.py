"""What every client is offered, whichever way it comes: tools, words, names, schemas, prompts, resources."""
