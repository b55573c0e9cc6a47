import { openDatabase } from './database.host.ts';
import { createFakeImageRecords } from './image-records.fake.ts';
import { createImageRecords } from './image-records.host.ts';
import { imageRecordsSuite } from './image-records.suite.ts';

imageRecordsSuite('image records in memory', createFakeImageRecords);
imageRecordsSuite('image records in SQLite', () => createImageRecords({ db: openDatabase(':memory:') }));
