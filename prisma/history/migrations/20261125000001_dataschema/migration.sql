-- What has been received is checked again when the view is rebuilt: by the schema that it was written with.
ALTER TABLE "received_events" ADD COLUMN "dataschema" TEXT;
